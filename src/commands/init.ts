/** `distinsta init`: the cluster's certificates, made where its operator sits. */
import { wallNow } from "../../core/io/clock.ts";
import { initCluster } from "../../core/io/pki/cluster.ts";
import type { ExitCode } from "../../core/model/faults.ts";
import { printJson, printLine } from "../output.ts";
import { configOf, must, type Settings } from "../settings.ts";

export const init = async (settings: Settings): Promise<ExitCode> => {
  const { config } = await configOf(settings);
  const founded = must(await initCluster(settings.data, config, wallNow()));
  if (settings.json === true) {
    printJson({ ok: true, ...founded });
    return 0;
  }
  printLine(`cluster ${founded.cluster}`);
  printLine(`CA ${founded.authority}: ${founded.authorityFolder} (keep it here; it goes on no node)`);
  for (const { folder, state } of founded.certificates) printLine(`certificate ${state}: ${folder}`);
  printLine("copy, and nothing else:");
  for (const { node, address, folder } of founded.copies) {
    printLine(`  ${folder} → the machine of node ${node} (${address}), same place below its data folder`);
  }
  return 0;
};
