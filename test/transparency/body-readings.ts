import { BRANCHED } from './bodies-branched.ts';
import { READ } from './bodies-read.ts';
import { WHOLES } from './bodies-whole.ts';

/** Every way to read the body of a response. */
export const BODY_READINGS = [...WHOLES, ...READ, ...BRANCHED];
