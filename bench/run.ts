// `pnpm bench attack|proxy [other checkout]|job|panel`: measurements, printed and written to bench/results/.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { benchAttack } from './attack/bench-attack.ts'
import { benchJob } from './job/bench-job.ts'
import { benchPanel } from './panel/bench-panel.ts'
import { benchProxy } from './proxy/bench-proxy.ts'

const benches: Record<string, (args: string[]) => Promise<string>> = {
  attack: benchAttack,
  proxy: benchProxy,
  job: benchJob,
  panel: benchPanel,
}

const name = process.argv[2] ?? ''
const bench = benches[name]
if (!bench) {
  console.error(`usage: pnpm bench ${Object.keys(benches).join('|')}`)
  process.exit(2)
}
const report = await bench(process.argv.slice(3))
const folder = join(import.meta.dirname, 'results')
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, `${name}.md`), report)
console.log(report)
// Keeps the exit code that a missed budget set.
process.exit()
