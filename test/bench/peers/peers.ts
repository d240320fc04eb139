import { braintrust } from './braintrust.ts';
import { langsmith } from './langsmith.ts';
import { openinference } from './openinference.ts';
import { openlit } from './openlit.ts';
import type { Peer } from './peer.ts';
import { sentry } from './sentry.ts';

export const PEERS: readonly Peer[] = [openinference, sentry, braintrust, langsmith, openlit];
