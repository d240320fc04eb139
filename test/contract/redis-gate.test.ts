import { describeBudgetGate } from './budget-gate.contract.ts';
import { describeGateModel } from './budget-gate.model.ts';
import { openInRedis } from './open-gates.ts';

describeBudgetGate('gate in Redis', openInRedis);
describeGateModel('gate in Redis', openInRedis, { runs: 30, operations: 80 });
