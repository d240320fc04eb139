export { type ReplayCase, readReplayCases } from './replay/recordings.ts';
export { type ReplayReport, replay } from './replay/replay.ts';
export type { DemoResult } from './result.ts';
