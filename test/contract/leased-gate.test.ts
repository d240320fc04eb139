import { describeBudgetGate } from './budget-gate.contract.ts';
import { describeGateModel } from './budget-gate.model.ts';
import { openWithLeases } from './open-gates.ts';

describeBudgetGate('gate with leases', openWithLeases);
describeGateModel('gate with leases', openWithLeases, { runs: 30, operations: 80 });
