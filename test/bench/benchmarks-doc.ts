import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import { fileURLToPath } from 'node:url';

const DOCUMENT = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));

const INTRODUCTION = `<!-- Written by the benches in test/bench. Do not edit: each run writes its section again. -->

# Benchmarks

Numbers of this page come from runs on one machine, named with each. Ratios carry over to others better than times do.
`;

/** Replaces the section of one bench in docs/benchmarks.md; those of other benches stay as their last run left them. */
export function writeBenchmarks(bench: string, section: string): void {
  const before = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '';
  writeFileSync(DOCUMENT, withSection(before, bench, section));
}

/** The page with this section in it, sections by name of their bench. A page that is empty or unknown begins anew. */
export function withSection(page: string, bench: string, section: string): string {
  const found = page.matchAll(/<!-- bench: (\S+) -->\n([\s\S]*?)<!-- end: \1 -->/g);
  const sections = new Map([...found].map(([, name = '', text = '']) => [name, text.trim()]));
  sections.set(bench, section.trim());
  const ordered = [...sections].sort(([a], [b]) => (a < b ? -1 : 1));
  const marked = ordered.map(
    ([name, text]) => `<!-- bench: ${name} -->\n\n${text}\n\n<!-- end: ${name} -->\n`,
  );
  return [INTRODUCTION, ...marked].join('\n');
}

/** When and on what a bench ran, as a sentence. */
export function circumstances(nowMs: number): string {
  const day = new Date(nowMs).toISOString().slice(0, 10);
  const processors = cpus();
  const machine = `${processors.length} × ${processors[0]?.model.trim()}, ${platform()} ${arch()}`;
  return `Measured on ${day} with Node.js ${process.versions.node} on ${machine}.`;
}
