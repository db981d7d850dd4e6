import { counted } from '../counted.ts'

const lang = 'en'

export const messages = {
  title: 'System',
  well: 'No problems.',
  concerned: counted(lang, { one: '# issue needs attention.', other: '# issues need attention.' }),
  figures: {
    running: 'Running now',
    runningNote: 'requests in this process',
    minute: 'Last minute',
    minuteFailures: counted(lang, { one: '# failed', other: '# failed' }),
    minuteWell: 'none failed',
    generating: 'Generating',
    queued: counted(lang, { one: '# queued', other: '# queued' }),
    queuedNone: 'none queued',
    oldest: (age: string) => `oldest ${age}`,
    credentials: 'Usable credentials',
    ofAll: (all: string) => `of ${all}`,
    charged: 'Charged today',
    held: (amount: string) => `${amount} held`,
  },
  chart: {
    title: 'Requests per minute',
    answered: 'Succeeded',
    failed: 'Failed',
    time: 'Minute',
    nothing: 'No requests in the last hour.',
  },
  concerns: 'Needs attention',
  concern: {
    'no-real-channel': {
      what: () => 'Only the sandbox is connected: no real pictures are generated.',
      action: 'Add a channel',
    },
    'no-usable-credential': {
      what: (subject: string) => `“${subject}” has no usable credential.`,
      action: 'Open channels',
    },
    'credential-attention': {
      what: (subject: string, count: string) => `${count} in “${subject}” need attention.`,
      action: 'Open channels',
    },
    'failures-high': {
      what: (_subject: string, count: string) => `${count} failed in the last minute.`,
      action: 'Open image jobs',
    },
    'queue-old': {
      what: (_subject: string, count: string) =>
        `${count} queued, the oldest for more than a minute.`,
      action: 'Open image jobs',
    },
    'ledger-drift': {
      what: () => 'The ledger does not balance. Run “pnpm sluice ledger verify” for details.',
      action: 'Open users',
    },
    'dependency-away': {
      what: (subject: string) => `“${subject}” is unavailable.`,
      action: 'Open channels',
    },
  },
  counts: {
    credentials: counted(lang, { one: '# credential', other: '# credentials' }),
    jobs: counted(lang, { one: '# job', other: '# jobs' }),
    requests: counted(lang, { one: '# request', other: '# requests' }),
  },
  pools: 'Credentials',
  states: {
    active: 'Active',
    cooling: 'Cooling',
    paused: 'Paused',
    attention: 'Needs attention',
    retired: 'Retired',
  },
  today: 'Today',
  stored: 'Pictures stored',
  failedPictures: 'Pictures failed',
  users: 'Users',
  banned: 'Banned',
  available: 'Available to users',
}
