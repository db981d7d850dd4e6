import type { LedgerStore } from '@sluice/billing/store/ledger-store'
import { createBilling } from '@sluice/billing/module'
import { kyselyLedgerStore } from '@sluice/billing/store/kysely-ledger-store'
import { createMemoryBus } from '@sluice/bus/memory-bus'
import type { Billing } from '@sluice/contracts/billing.contract'
import type {
  CatalogChannel,
  CatalogCredential,
  Scheduler,
} from '@sluice/contracts/scheduler.contract'
import type { Accounts } from '@sluice/edge-api/accounts'
import { createAccounts } from '@sluice/edge-api/accounts'
import { kyselyIdentityStore } from '@sluice/edge-api/store/kysely-identity-store'
import { kyselyKeyStore } from '@sluice/edge-api/store/kysely-key-store'
import { createEgress } from '@sluice/egress/create-egress'
import { verifySecrets } from '@sluice/db/secret-checks'
import { findJobs, isJobRunning, readEndedJob } from '@sluice/jobs/read-ended-job'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'
import { createScheduler } from '@sluice/scheduler/module'
import { createKyselyCatalogStore } from '@sluice/scheduler/store/kysely-catalog-store'
import { createMemoryPoolStore } from '@sluice/scheduler/store/memory-pool-store'
import { createSealer } from '@sluice/sealing/aes-sealer'
import type { Sealer } from '@sluice/sealing/sealer'
import { credentialSecretBinding } from '@sluice/sealing/sealer'
import { parseSealingKeys } from '@sluice/sealing/sealing-keys'
import { createMetrics } from '@sluice/service-kit/metrics'
import type { Examination } from '@sluice/upstreams/examine-credential'
import { examineCredential } from '@sluice/upstreams/examine-credential'
import { createUpstreams } from '@sluice/upstreams/registry'

import { inspectInstallation } from './inspect-installation.ts'
import type { FoundSettings } from './settings.ts'
import { givenSecrets } from './settings.ts'
import type { FirstStartDeps } from './start/first-start.ts'
import { listUpstreamModels } from './start/list-upstream-models.ts'
import type { OpenDatabase } from './start/open-database.ts'
import { openDatabase, openExistingDatabase } from './start/open-database.ts'

/** What the operator's commands use: the modules over the database, without their background tasks. */
export interface Tools extends FirstStartDeps {
  settings: FoundSettings
  /** A one-line description of the installation that the command works on. */
  target: string
  database: OpenDatabase
  accounts: Accounts
  billing: Billing
  scheduler: Scheduler
  ledger: LedgerStore
  /** Checks a credential at its OpenAI upstream. Rejects when its secret cannot be decrypted. */
  examine(channel: CatalogChannel, credential: CatalogCredential): Promise<Examination>
  clock: Clock
  close(): Promise<void>
}

/**
 * Opens the installation for one command. Changes are written with an outbox row, from which running services
 * receive them: this process is not connected to their bus.
 */
export async function openTools(
  fixture: { clock: Clock; random: Random; log: Log },
  settings: FoundSettings,
  { creates = false }: { creates?: boolean } = {},
): Promise<Tools> {
  const { clock, random, log } = fixture
  const { config, dataDir, secrets } = settings
  const location = { databaseUrl: config.DATABASE_URL, dataDir }
  const database = await (creates ? openDatabase : openExistingDatabase)({ log }, location)
  const { db } = database
  const target = await (creates ? setUp : inspectInstallation)(database, settings).catch(
    async (error: unknown) => {
      await database.close()
      throw error
    },
  )
  const metrics = createMetrics({ service: 'sluice' })
  const bus = createMemoryBus({ clock, random, log })
  const egress = createEgress({ clock, metadataHostsAllowed: config.METADATA_HOSTS_ALLOWED })
  const jobs = { readEndedJob, isJobRunning, findJobs }
  const ledger = kyselyLedgerStore({ db, jobs, clock, random })
  const sealer = secrets
    ? createSealer({ keys: parseSealingKeys(secrets.sealingKeys), random })
    : sealerWithoutKeys
  const scheduler = createScheduler({
    bus,
    clock,
    random,
    log,
    metrics,
    sealer,
    catalogStore: createKyselyCatalogStore({ db }),
    poolStore: createMemoryPoolStore({ clock }),
  })
  await scheduler.start()
  const upstreams = createUpstreams({ ...egress, clock, random })
  return {
    settings,
    target,
    database,
    scheduler,
    ledger,
    clock,
    random,
    log,
    accounts: createAccounts({
      keyStore: kyselyKeyStore({ db }),
      identityStore: kyselyIdentityStore({ db }),
      // Commands that hash keys require secrets; the others never use this value.
      pepper: secrets?.apiKeyPepper ?? Buffer.from(random.bytes(32)).toString('base64'),
      clock,
      random,
    }),
    billing: createBilling({ store: ledger, bus, clock, random, log, metrics }),
    listModels: (access) => listUpstreamModels(upstreams.openai, access),
    examine: async ({ baseUrl, settings: own }, { id, secret: sealed }) => {
      const secret = sealer.open(credentialSecretBinding(id), sealed)
      const access = { baseUrl, secret, settings: own }
      const signal = AbortSignal.timeout(EXAMINE_TIMEOUT_MS)
      return examineCredential({ upstream: upstreams.openai }, { access, signal })
    },
    close: async () => {
      await scheduler.stop()
      await bus.close()
      await egress.close()
      await database.close()
    },
  }
}

const EXAMINE_TIMEOUT_MS = 10_000

/** Records a check of the secrets: later starts must use the same ones. */
async function setUp({ db, url }: OpenDatabase, { secrets }: FoundSettings): Promise<string> {
  if (secrets) await verifySecrets(db, { given: givenSecrets(secrets), record: true })
  return `Setting up the database ${new URL(url).pathname.slice(1)}`
}

/** For commands without secrets: without keys, a secret must not be reported as unreadable. */
const sealerWithoutKeys: Sealer = {
  seal: () => refuseSecrets(),
  open: () => '',
  isStale: () => false,
}

function refuseSecrets(): never {
  throw new Error('SEALING_KEYS is not set, so secrets cannot be encrypted')
}
