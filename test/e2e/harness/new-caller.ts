import type { Context } from './context.ts'

export interface Caller {
  apiKey: string
  keyId: string
  wallet: string
}

let count = 0

/** Creates a user with a wallet and an API key by the operator's command. */
export async function newCaller(
  { running }: Context,
  { credits, rpm }: { credits: string; rpm?: number },
): Promise<Caller> {
  count += 1
  const email = `caller-${count}-${process.pid}@example.test`
  const limit = rpm === undefined ? [] : ['--rpm', String(rpm)]
  const printed = await running.sluice(
    'user',
    'add',
    '--email',
    email,
    '--credits',
    credits,
    '--json',
    ...limit,
  )
  const { apiKey, keyId, wallet } = JSON.parse(printed.trim().split('\n').at(-1) ?? '') as Caller
  return { apiKey, keyId, wallet }
}
