/**
 * The doctor's judgement: facts in, findings out, each with what to type.
 *
 * Troubles bite in a certain order (a name without address cannot be dialed, a node that cannot be dialed has no
 * clock), and the report follows it: whoever mends from the top mends the cause.
 */
import {
  checkClock,
  checkConfiguration,
  checkFirewall,
  checkPorts,
  checkQuorum,
  checkVersion,
} from "./cluster.ts";
import type { Facts, Finding } from "./facts.ts";
import { checkAddresses, checkCertificates, checkDisk, checkRuntime } from "./machine.ts";

/** Every check has its say: one good finding, or one finding for each problem. */
export const diagnose = (facts: Facts): readonly Finding[] =>
  [
    checkRuntime,
    checkConfiguration,
    checkAddresses,
    checkCertificates,
    checkDisk,
    checkPorts,
    checkFirewall,
    checkVersion,
    checkClock,
    checkQuorum,
  ].flatMap((check) => check(facts));
