export { answerRemoteCall, type RemoteAnswer } from './answer.ts';
export { requireBearer } from './bearer.ts';
export {
  connectRemote,
  type RemoteOptions,
  type RemoteTallygate,
  type RemoteTimeouts,
  wasUnreachable,
} from './connect.ts';
export type { RemoteAddress } from './exchange.ts';
export { type RemoteBackend, ROUTES } from './routes.ts';
export { toWireError, type WireError } from './wire-error.ts';
