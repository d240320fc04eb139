import { type Logger, silentLogger, TallygateError } from '@tallygate/usage';
import type { z } from 'zod';
import { requestInvalid } from './request-invalid.ts';
import { type RemoteBackend, ROUTES, type Route } from './routes.ts';
import { toWireError } from './wire-error.ts';

/** What to send: an HTTP status and a body that is plain JSON once written with `toWireJson`. */
export interface RemoteAnswer {
  status: number;
  body: unknown;
}

type AnyRoute = Route<z.ZodType, z.ZodType>;

const routesByPath: ReadonlyMap<string, AnyRoute> = new Map(
  Object.values(ROUTES).map((route) => [route.path, route as unknown as AnyRoute]),
);

/**
 * The server half of the routes, for any HTTP server: checks the body, calls the backend, encodes the reply. Never rejects.
 *
 * @param route the path of the request, "/v1/gate/reserve".
 * @param body the parsed JSON of the request.
 * @returns 200 with the reply; the error's own status with `{ error: { code, message, cure } }`; 404 for a path that is
 * no route; 400 for a body that does not fit. The caller has checked the token before.
 */
export async function answerRemoteCall(
  backend: RemoteBackend,
  route: string,
  body: unknown,
  logger: Logger = silentLogger,
): Promise<RemoteAnswer> {
  try {
    return { status: 200, body: await answer(backend, requireRoute(route), body) };
  } catch (error) {
    const known = TallygateError.isInstance(error) ? error : unexpected(route, error, logger);
    return { status: known.httpStatus, body: toWireError(known) };
  }
}

async function answer(backend: RemoteBackend, route: AnyRoute, body: unknown): Promise<unknown> {
  const request = route.request.safeDecode(body);
  if (!request.success) throw requestInvalid(route, request.error);
  return route.reply.encode(await route.answer(backend, request.data));
}

function requireRoute(path: string): AnyRoute {
  const route = routesByPath.get(path);
  if (route) return route;
  throw new TallygateError('TALLYGATE_ROUTE_UNKNOWN', { message: `There is no route ${path}.` });
}

/** A defect of ours is an outage to the caller: it must neither deny a call nor pass for an answer. */
function unexpected(path: string, cause: unknown, logger: Logger): TallygateError {
  logger.error('A remote call failed unexpectedly.', { route: path, cause: String(cause) });
  const side = routesByPath.get(path)?.side ?? 'gate';
  return new TallygateError(side === 'gate' ? 'TALLYGATE_GATE_UNAVAILABLE' : 'TALLYGATE_LEDGER_UNAVAILABLE', {
    message: `The other process failed while it answered ${path}.`,
    cause,
  });
}
