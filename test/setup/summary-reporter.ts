import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';

/** What a run came to. `failed` also counts what broke outside any test: a file that does not load, a stray rejection. */
export interface Summary {
  passed: number;
  failed: number;
  skipped: number;
  /** Why the skipped ones did not run, with how many gave that reason. */
  reasons: Map<string, number>;
}

type Module = Pick<TestModule, 'errors' | 'children'>;

/**
 * Closes a run with two plain lines that people and CI systems read: what could not run here and why, and the counts.
 * A test that cannot run on this machine must not look like one that passed: it is skipped with its reason
 * (`context.skip('no container runtime')`) or named "not run here: …", and is counted.
 */
export function summaryReporter(
  print: (line: string) => void = (line) => process.stdout.write(`${line}\n`),
): Reporter {
  return {
    onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]) {
      for (const line of summaryLines(summarize(modules, unhandledErrors.length))) print(line);
    },
  };
}

export function summarize(modules: readonly Module[], unhandledErrorCount: number): Summary {
  const summary: Summary = { passed: 0, failed: unhandledErrorCount, skipped: 0, reasons: new Map() };
  for (const module of modules) {
    summary.failed += module.errors().length;
    for (const test of module.children.allTests()) count(test, summary);
  }
  return summary;
}

function count(test: TestCase, summary: Summary): void {
  const result = test.result();
  if (result.state === 'passed') summary.passed += 1;
  else if (result.state === 'skipped') {
    const reason = result.note ?? /^not run here: (.+)$/.exec(test.name)?.[1] ?? 'no reason given';
    summary.skipped += 1;
    summary.reasons.set(reason, (summary.reasons.get(reason) ?? 0) + 1);
  } else summary.failed += 1;
}

/** The last one stands alone on its line, in the exact form that CI systems look for. */
export function summaryLines({ passed, failed, skipped, reasons }: Summary): string[] {
  const causes = [...reasons].map(([reason, times]) => (times === 1 ? reason : `${reason} ×${times}`));
  return [
    ...(skipped > 0 ? [`not run here: ${skipped} (${causes.join('; ')})`] : []),
    `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
  ];
}
