/**
 * A connection to the embedded engine whose answers are of their statements alone. The engine (chdb 3.4.0) keeps what a statement
 * had written when it failed, and begins the answer of the connection's next one with it: a question of the same shape would add
 * up rows twice.
 */
import type { createClient } from '@clickhouse/client';

export type EngineConnection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>;

/**
 * Statements go one after the other, as they do in the engine anyway: the answer of one that was handed over early could not be
 * told from the rest of one before it.
 */
export function rinsed(connection: EngineConnection): EngineConnection {
  let last: Promise<unknown> = Promise.resolve();
  let mayHoldRest = false;

  async function run<Answer>(statement: () => Promise<Answer>): Promise<Answer> {
    if (mayHoldRest) await rinse(connection);
    mayHoldRest = true;
    const answer = await statement();
    mayHoldRest = false;
    return answer;
  }
  function inTurn<Answer>(statement: () => Promise<Answer>): Promise<Answer> {
    const turn = last.then(() => run(statement));
    last = turn.catch(() => undefined);
    return turn;
  }
  return {
    query: (asked) => inTurn(() => connection.query(asked)),
    exec: (asked) => inTurn(() => connection.exec(asked)),
    command: (asked) => inTurn(() => connection.command(asked)),
    insert: (asked) => inTurn(() => connection.insert(asked)),
    ping: (asked) => inTurn(() => connection.ping(asked)),
    async close() {
      await last;
      await connection.close();
    },
  };
}

/** Any statement that succeeds takes the rest with it; nobody reads what a ping answers. */
async function rinse(connection: EngineConnection): Promise<void> {
  const answer = await connection.ping({ select: true });
  if (!answer.success) throw answer.error;
}
