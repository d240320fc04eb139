/** Says how far a bench is. */
export type ShowProgress = (done: number, total: number, what: string) => void;

/** What a run of a bench leaves on stdout, in either form, and with which exit code. */
export interface BenchRun {
  /** For `--json`. */
  result: object;
  readable: string;
  exitCode: number;
}
