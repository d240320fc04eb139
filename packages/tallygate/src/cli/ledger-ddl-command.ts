import { clusterDdl, ledgerDdl } from '@tallygate/ledger';
import type { CommandOutcome, GlobalOptions } from './context.ts';

export interface LedgerDdlOptions extends GlobalOptions {
  cluster?: string;
}

/** `tallygate ledger ddl`: the tables as statements, for who may not let a program create them. Opens nothing. */
export async function ledgerDdlCommand({ cluster }: LedgerDdlOptions): Promise<CommandOutcome> {
  const statements = cluster === undefined ? ledgerDdl() : clusterDdl(cluster);
  return {
    exitCode: 0,
    document: { schema: 'tallygate.ledger-ddl/1', cluster: cluster ?? null, statements },
    text: `${statements.join(';\n\n')};\n`,
  };
}
