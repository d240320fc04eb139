import { describeWalks } from './walks.ts';
import { IN_PROCESS } from './worlds.ts';

describeWalks('gate in process', IN_PROCESS, { operations: 250_000, lanes: 1 });
