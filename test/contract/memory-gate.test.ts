import { describeBudgetGate } from './budget-gate.contract.ts';
import { describeGateModel } from './budget-gate.model.ts';
import { openInMemory } from './open-gates.ts';

describeBudgetGate('gate in process', openInMemory);
describeGateModel('gate in process', openInMemory, { runs: 100, operations: 80 });
