import type { Me } from '@sluice/contracts/control/auth'
import { permissionsOf } from '@sluice/contracts/control/permissions'

/** Sample data of the showroom. */
export const me: Me = {
  user: {
    id: 'usr_0192f3a4b5c6d7e8f901234567890abc',
    email: 'maren@example.com',
    role: 'admin',
    created_at: '2026-09-01T08:00:00.000Z',
  },
  permissions: permissionsOf('admin'),
  balance: {
    posted_micro: '184250000',
    held_micro: '1600000',
    available_micro: '182650000',
  },
}

export type Row = {
  id: string
  name: string
  model: string
  state: 'ok' | 'warn' | 'bad' | 'idle' | 'busy'
  label: string
  cost: string
  at: string
  on: boolean
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const states = [
  ['ok', 'Stored'],
  ['busy', 'Generating'],
  ['warn', 'Cooling'],
  ['bad', 'Failed'],
  ['idle', 'Queued'],
] as const
const models = ['gpt-image-1', 'gpt-image-1-mini', 'dall-e-3', 'flux-kontext-pro-ultra-long-name']

export const rows = (nowMs: number): Row[] =>
  Array.from({ length: 12 }, (_, index) => {
    const [state, label] = states[index % states.length] ?? ['idle', 'Queued']
    return {
      id: `img_0192f3a4b5c6d7e8f90123456789${String(index).padStart(4, '0')}`,
      name: index === 3 ? 'A very long name of a key for the nightly batch' : `Job ${index + 1}`,
      model: models[index % models.length] ?? '',
      state,
      label,
      cost: String(40_000 * (index + 1) + 137),
      at: new Date(nowMs - index * index * HOUR_MS - 40_000).toISOString(),
      on: index % 3 !== 0,
    }
  })

/** Sample values that look like daily usage. */
export const hours = (nowMs: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => nowMs - (count - 1 - index) * HOUR_MS)
export const wave = (count: number, high: number, shift: number): number[] =>
  Array.from({ length: count }, (_, index) =>
    Math.round(
      high * (0.55 + 0.35 * Math.sin(index / 4 + shift) + 0.1 * Math.sin(index * 1.7 + shift)),
    ),
  )
export const days = (nowMs: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) =>
    new Date(nowMs - (count - 1 - index) * DAY_MS).toISOString().slice(0, 10),
  )

const generating = (hue: number, width: number, height: number) =>
  `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><rect width="100%" height="100%" fill="hsl(${hue} 35% 45%)"/><circle cx="60%" cy="40%" r="20%" fill="hsl(${hue + 40} 60% 70%)"/></svg>`,
  )}`

export const pictures = [
  { id: 'a', width: 1024, height: 1024, hue: 210 },
  { id: 'b', width: 1536, height: 1024, hue: 30 },
  { id: 'c', width: 1024, height: 1536, hue: 150 },
].map(({ id, width, height, hue }) => ({
  id,
  src: generating(hue, width, height),
  alt: `A circle on a ground of hue ${hue}`,
  width,
  height,
}))

export const code = [
  {
    id: 'curl',
    label: 'curl',
    code: 'curl https://sluice.example.com/v1/images/generations \\\n  -H "Authorization: Bearer $SLUICE_API_KEY" \\\n  -H "Content-Type: application/json" \\\n  -d \'{"model": "gpt-image-1", "prompt": "a lock keeper at dawn, in the manner of a woodcut", "size": "1536x1024"}\'',
  },
  { id: 'node', label: 'Node', code: "import OpenAI from 'openai'\n\nconst client = new OpenAI()" },
  { id: 'python', label: 'Python', code: 'from openai import OpenAI\n\nclient = OpenAI()' },
]
