/**
 * The lines of a statement that a question has a use for. Those that end in `-- grouped by x` or `-- filtered by x` are for questions
 * that do so; an unused one costs the engine as much time as a sum. Lines are only left out: no text of a question gets in.
 */
export function askedLines(sql: string, question: { groupBy: readonly string[]; filter: string }): string {
  const asked: Record<string, readonly string[]> = {
    grouped: question.groupBy,
    filtered: Object.keys(JSON.parse(question.filter)),
  };
  return sql.replace(/^.* -- (grouped|filtered) by (\w+)\n/gm, (line, use: string, dimension: string) =>
    asked[use]?.includes(dimension) ? line : '',
  );
}
