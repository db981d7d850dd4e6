// `pnpm bench proxy` and `pnpm bench job`: side-by-side measurements, printed and written to bench/results/.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { benchJob } from './job/bench-job.ts'
import { benchProxy } from './proxy/bench-proxy.ts'

const benches: Record<string, () => Promise<string>> = { proxy: benchProxy, job: benchJob }

const name = process.argv[2] ?? ''
const bench = benches[name]
if (!bench) {
  console.error(`usage: pnpm bench ${Object.keys(benches).join('|')}`)
  process.exit(2)
}
const report = await bench()
const folder = join(import.meta.dirname, 'results')
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, `${name}.md`), report)
console.log(report)
process.exit(0)
