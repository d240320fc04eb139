/** A real server: the one named by CLICKHOUSE_URL, or one in a container. Null where there is neither; the engine stands in. */
export interface ClickHouseServer {
  url: string;
  stop(): Promise<void>;
}

/** The release that docker-compose.yml runs, and the embedded engine is. */
const IMAGE = 'clickhouse/clickhouse-server:26.7-alpine';
const HTTP_PORT = 8123;

export async function findClickHouseServer(): Promise<ClickHouseServer | null> {
  const given = process.env['CLICKHOUSE_URL'];
  if (given) return { url: given, stop: async () => {} };
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import('testcontainers');
  try {
    await getContainerRuntimeClient();
  } catch {
    return null;
  }
  const container = await new GenericContainer(IMAGE)
    .withEnvironment({ CLICKHOUSE_USER: 'tallygate', CLICKHOUSE_PASSWORD: 'tallygate' })
    .withExposedPorts(HTTP_PORT)
    .withWaitStrategy(Wait.forHttp('/ping', HTTP_PORT))
    .start();
  return {
    url: `http://tallygate:tallygate@${container.getHost()}:${container.getMappedPort(HTTP_PORT)}`,
    stop: async () => {
      await container.stop();
    },
  };
}
