import { counted } from '../counted.ts'

const lang = 'en'

export const messages = {
  title: 'System',
  well: 'All is well.',
  concerned: counted(lang, { one: '# thing needs a person.', other: '# things need a person.' }),
  figures: {
    running: 'Running now',
    runningNote: 'requests of this process',
    minute: 'Last minute',
    minuteFailures: counted(lang, { one: '# failed', other: '# failed' }),
    minuteWell: 'none failed',
    generating: 'Being drawn',
    queued: counted(lang, { one: '# waiting', other: '# waiting' }),
    queuedNone: 'nobody waits',
    oldest: (age: string) => `oldest ${age}`,
    credentials: 'Usable credentials',
    ofAll: (all: string) => `of ${all}`,
    charged: 'Charged today',
    held: (amount: string) => `${amount} held`,
  },
  chart: {
    title: 'Requests by minute',
    answered: 'Answered',
    failed: 'Failed',
    time: 'Minute',
    nothing: 'No requests in the last hour.',
  },
  concerns: 'Needs a person',
  concern: {
    'no-real-channel': {
      what: () => 'Only the sandbox answers: nobody gets real pictures.',
      action: 'Add a channel',
    },
    'no-usable-credential': {
      what: (subject: string) => `“${subject}” has no credential that can be used now.`,
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
        `${count} wait, the oldest for more than a minute.`,
      action: 'Open image jobs',
    },
    'ledger-drift': {
      what: () =>
        'The ledger does not add up. Run “pnpm sluice ledger verify” and read what it says.',
      action: 'Open users',
    },
    'dependency-away': {
      what: (subject: string) => `“${subject}” cannot be reached.`,
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
    attention: 'Attention',
    retired: 'Retired',
  },
  today: 'Today',
  stored: 'Pictures stored',
  failedPictures: 'Pictures failed',
  users: 'Users',
  banned: 'Banned',
  available: 'Credits people have',
}
