// A process that takes the lock of the folder named in its arguments, says how that went, and
// stays until its parent goes.
import { lockFolder } from '../src/embedded/lock-folder.ts'

const [folder = ''] = process.argv.slice(2)
process.stdin.once('data', async () => {
  const said = await lockFolder({ folder }).then(
    () => 'held',
    (error: unknown) => String(error),
  )
  process.stdout.write(`${said}\n`)
})
process.stdin.once('end', () => process.exit())
process.stdout.write('waiting\n')
