import { describeGateModel } from '../contract/budget-gate.model.ts';
import { openInMemory, openInRedis } from '../contract/open-gates.ts';

/** The model of the contract suite at length: about 100,000 operations in process and 15,000 in Redis. SEED replays a run. */
describeGateModel('gate in process, at length', openInMemory, { runs: 1_500, operations: 100 });
describeGateModel('gate in Redis, at length', openInRedis, { runs: 200, operations: 100 });
