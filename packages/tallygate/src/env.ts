/** The one place of the library that looks at the process: everything else takes these as values. */
export function processEnvironment(): {
  environment: Record<string, string | undefined>;
  workingDirectory: string;
} {
  return { environment: process.env, workingDirectory: process.cwd() };
}
