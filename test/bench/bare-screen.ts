/**
 * The floor of a console: a program that fills the screen with letters once a second and at every key, and knows
 * nothing. `node dist/test/bench/bare-screen.js` on a terminal; the benchmark starts it.
 */
const { stdin, stdout } = process;
let drawn = 0;

const draw = (): void => {
  drawn += 1;
  const filled = `frame ${drawn} `.padEnd(stdout.columns, "abcdefgh");
  const rows = Array.from({ length: stdout.rows }, () => filled);
  stdout.write(`\u001b[H${rows.join("\r\n")}`);
};

stdin.setRawMode(true);
stdin.on("data", draw);
setInterval(draw, 1_000);
draw();
