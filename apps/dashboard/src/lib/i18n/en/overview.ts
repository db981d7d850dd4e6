import { counted } from '../counted.ts'

const lang = 'en'

export const messages = {
  title: 'Overview',
  statusNew: 'Nothing asked yet. Your first picture is a minute away.',
  statusQuiet: 'No requests today so far.',
  statusWell: (requests: string) => `${requests} today, all answered.`,
  statusFailures: (requests: string, failures: string) => `${requests} today, ${failures}.`,
  statusNoCredit: 'Your balance is empty: requests are refused until credits arrive.',
  failures: counted(lang, { one: '# failed', other: '# failed' }),
  period: 'Period',
  days: counted(lang, { one: '# day', other: '# days' }),
  figures: {
    balance: 'Available credits',
    held: (amount: string) => `${amount} held for running requests`,
    heldNothing: 'nothing held',
    requests: 'Requests',
    spend: 'Credits spent',
    pictures: 'Pictures',
    latency: 'Median time',
    p95: (time: string) => `95 of 100 within ${time}`,
    noLatency: 'not measured yet',
  },
  trend: {
    up: (share: string) => `+${share} on the period before`,
    down: (share: string) => `−${share} on the period before`,
    level: 'as in the period before',
    fresh: 'none in the period before',
  },
  charts: {
    requests: 'Requests by day',
    spend: 'Credits spent by day',
    answered: 'Answered',
    failed: 'Failed',
    spent: 'Spent',
    day: 'Day (UTC)',
    zone: 'Days of UTC',
  },
  topModels: 'Top models by spend',
  topModelsEmpty: 'No model was used in this period.',
  modelNote: (requests: string, share: string) => `${requests} · ${share}`,
  allUsage: 'All usage',
  first: {
    title: 'Make something first',
    text: 'Draw a picture in the studio, or make an API key and call the gateway from your program.',
    studio: 'Open the studio',
    key: 'Make an API key',
    command: 'The same from a terminal, with your key in SLUICE_KEY',
  },
}
