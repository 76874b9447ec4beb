/**
 * A process that puts batch after batch of the series into the index at the path it is given, from where the
 * index is, and says each one's number when it is in; until it is killed.
 */
import { openIndex } from "../../core/io/index/index-client.ts";
import { batchAt, stepAt } from "./index-rows.ts";

const opened = await openIndex(process.argv[2] ?? "");
if (!opened.ok) throw new Error(JSON.stringify(opened.fault));
const index = opened.value;
const { batch: start } = await index.position();
for (let batch = start + 1; ; batch++) {
  await index.apply(batchAt(batch), stepAt(batch));
  process.stdout.write(`${batch}\n`);
}
