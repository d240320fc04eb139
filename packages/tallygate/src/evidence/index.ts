export { packEvidence } from './pack-evidence.ts';
