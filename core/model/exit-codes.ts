/** With what a command exits, by the fault that ended it: the contract that scripts rely on. */
import type { Fault } from "./faults.ts";

/** 0 done, 1 failed, 2 usage or set-up, 3 no quorum or server, 4 no such image or user, 5 not allowed, 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 130;

export const exitCodeOf = (problem: Fault): ExitCode => {
  switch (problem.code) {
    case "USAGE":
    case "UNKNOWN_COMMAND":
    case "CONFIG_MISSING":
    case "CONFIG_INVALID":
    case "CONFIG_DIFFERS":
    case "CREDENTIALS_MISSING":
    case "CREDENTIALS_INVALID":
    case "CREDENTIALS_EXPIRED":
    case "WRONG_CLUSTER":
    case "WRONG_ROLE":
    case "IMAGE_AMBIGUOUS":
    case "NO_TERMINAL":
      return 2;
    case "NO_SERVER":
    case "NO_QUORUM":
    case "NO_LEADER":
      return 3;
    case "IMAGE_NOT_FOUND":
    case "NOT_SHARED":
    case "USER_NOT_FOUND":
    case "USER_UNKNOWN":
      return 4;
    case "NOT_ALLOWED":
    case "IMAGE_NOT_OWNED":
    case "CREDENTIALS_REVOKED":
      return 5;
    case "INTERRUPTED":
      return 130;
    default:
      return 1;
  }
};
