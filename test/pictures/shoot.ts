/**
 * Takes a picture of a program on a terminal, as the README's are made:
 * `node dist/test/pictures/shoot.js OUT.png COLUMNSxROWS "TEXT TO WAIT FOR" -- COMMAND [ARGUMENT…]`.
 *
 * `--keys "jj?"` before the command types keys first, `--after "TEXT"` waits once more after them. The program is
 * ended with SIGTERM when the picture has been taken.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { screenPng } from "../support/picture.ts";
import { spawnOnPty } from "../support/pty.ts";

const { values, positionals } = parseArgs({
  options: { keys: { type: "string" }, after: { type: "string" } },
  args: ownArguments(process.argv.slice(2)).own,
  allowPositionals: true,
});
const [out, size, wanted] = positionals;
const [file, ...args] = ownArguments(process.argv.slice(2)).program;
const [columns, rows] = (size ?? "").split("x").map(Number);
if (out === undefined || wanted === undefined || file === undefined || !columns || !rows) {
  process.stderr.write(
    "usage: shoot OUT.png COLUMNSxROWS TEXT [--keys KEYS] [--after TEXT] -- COMMAND [ARGUMENT…]\n",
  );
  process.exit(2);
}

const program = spawnOnPty(file, args, { columns, rows });
await program.waitForText(wanted);
if (values.keys !== undefined) program.type(values.keys);
if (values.after !== undefined) await program.waitForText(values.after);
await writeFile(out, await screenPng(program.screen));
program.kill("SIGTERM");
await program.exited;

/** What stands before `--` is for us, what stands behind it is the program. */
function ownArguments(all: readonly string[]): { own: string[]; program: string[] } {
  const divider = all.indexOf("--");
  return divider < 0
    ? { own: [...all], program: [] }
    : { own: all.slice(0, divider), program: all.slice(divider + 1) };
}
