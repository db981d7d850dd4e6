// Locks the folder named in its arguments, prints the result, and runs until its parent ends.
import { lockFolder } from '../src/embedded/lock-folder.ts'

const [folder = ''] = process.argv.slice(2)
process.stdin.once('data', async () => {
  const result = await lockFolder({ folder }).then(
    () => 'held',
    (error: unknown) => String(error),
  )
  process.stdout.write(`${result}\n`)
})
process.stdin.once('end', () => process.exit())
process.stdout.write('waiting\n')
