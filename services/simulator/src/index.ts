export { FAULT_HEADER, FAULTS, type Fault } from './faults.ts';
export { type ApiKey, DEFAULT_ADMIN_KEY, DEFAULT_API_KEY } from './keys.ts';
export { OUTPUT_TOKENS_HEADER } from './messages/admission.ts';
export type { SimulatorOptions } from './options.ts';
export { type RunningSimulator, type ServerOptions, startSimulator } from './server.ts';
export { createSimulator, type Simulator } from './simulator.ts';
export type { ServedSummary } from './tally.ts';
