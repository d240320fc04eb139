export type { Coverage } from './coverage.ts';
export {
  createReconcilerService,
  type ReconcilerHealth,
  type ReconcilerOptions,
  type ReconcilerService,
} from './reconciler-service.ts';
