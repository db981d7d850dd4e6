import { afterEach, describe, expect, it } from 'vitest'

import type { Installation, InstallationStores } from './installation.ts'
import { openInstallation } from './installation.ts'
import { asRecord, refusalOf } from './signed-in-users.ts'

const USERS = '/api/admin/users'

/** The operator's API of granting credits, over the given stores. */
export function creditsSuite(make: () => Promise<InstallationStores>): void {
  let opened: Installation | undefined
  const open = async () => (opened = await openInstallation(await make()))
  afterEach(async () => {
    await opened?.close()
    opened = undefined
  })

  describe('credits that an operator grants', () => {
    const grantBody = (note = 'thanks') => ({ amount_micro: '5000000', note })
    const granterOf = (installation: Installation, userId = installation.ada.id) => {
      return (key: string, body: unknown = grantBody()) =>
        installation.admin('POST', `${USERS}/${userId}/credits`, {
          body,
          headers: { 'idempotency-key': key },
        })
    }
    const balance = {
      posted: '5',
      posted_micro: '5000000',
      held: '0',
      held_micro: '0',
      available: '5',
      available_micro: '5000000',
    }

    it('are available immediately, with a note and the id of the operator', async () => {
      const installation = await open()
      const answer = await granterOf(installation)('k1')
      expect(answer.status).toBe(201)
      expect(answer.body).toEqual({ balance, fresh: true })
      const { entries } = await installation.billing.listEntries({
        wallet: installation.ada.wallet,
        limit: 5,
      })
      const by = { refType: 'person', refId: installation.root.id }
      expect(entries).toMatchObject([{ kind: 'grant', memo: 'thanks', ...by }])
      const act = { act: 'credits.grant', by: installation.root.id, target: installation.ada.id }
      expect(installation.audit()).toEqual([{ ...act, amountMicro: '5000000', note: 'thanks' }])
    })

    it('are granted once per idempotency key, however often the request is repeated', async () => {
      const installation = await open()
      const grant = granterOf(installation)
      await grant('k1')
      expect((await grant('k1')).body).toEqual({ balance, fresh: false })
      expect((await grant('k2')).body).toMatchObject({ fresh: true })
      expect(installation.audit()).toHaveLength(2)
    })

    it('are granted once when requests with the same key are concurrent', async () => {
      const installation = await open()
      const grant = granterOf(installation)
      const answers = await Promise.all(Array.from({ length: 8 }, () => grant('k1')))
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201))
      expect(answers.filter(({ body }) => body['fresh'] === true)).toHaveLength(1)
      const { entries } = await installation.billing.listEntries({
        wallet: installation.ada.wallet,
        limit: 5,
      })
      expect(entries).toHaveLength(1)
      expect(installation.audit()).toHaveLength(1)
    })

    it('are not granted again when another admin sends the same key', async () => {
      const installation = await open()
      await granterOf(installation)('k1')
      const other = await installation.createSignedIn('other@b.test', 'admin')
      const again = await granterOf({ ...installation, admin: other.send })('k1')
      expect(again.body).toEqual({ balance, fresh: false })
    })

    it('may be granted to two users with one key', async () => {
      const installation = await open()
      await granterOf(installation)('k1')
      expect((await granterOf(installation, installation.root.id)('k1')).body).toEqual({
        balance,
        fresh: true,
      })
    })

    it('are refused when the key was used for another amount or note', async () => {
      const installation = await open()
      const grant = granterOf(installation)
      await grant('k1')
      const conflict = { status: 422, code: 'idempotency_conflict', param: 'Idempotency-Key' }
      const more = await grant('k1', { ...grantBody(), amount_micro: '5000001' })
      expect(refusalOf(more)).toEqual(conflict)
      expect(more.headers.get('x-should-retry')).toBeNull()
      expect(refusalOf(await grant('k1', grantBody('no thanks')))).toEqual(conflict)
      const shown = await installation.admin('GET', `${USERS}/${installation.ada.id}`)
      expect(asRecord(shown.body['balance'])).toEqual(balance)
    })

    it('are granted by each request without a key', async () => {
      const { admin, ada } = await open()
      const path = `${USERS}/${ada.id}/credits`
      for (const available of ['10000', '20000']) {
        const answer = await admin('POST', path, { body: { amount: 10_000, note: 'a gift' } })
        expect(answer.status).toBe(201)
        expect(answer.body).toMatchObject({ fresh: true, balance: { available } })
      }
    })

    it.each([
      [{ amount: 12.5 }, '12500000'],
      [{ amount: '0.000001' }, '1'],
      [{ amount: 10 }, '10000000'],
      [{ amount_micro: 7 }, '7'],
      [{ amount_micro: '7' }, '7'],
    ])('are granted by %j', async (amount, micro) => {
      const grant = granterOf(await open())
      const { body } = await grant('k1', { ...amount, note: 'x' })
      expect(body).toMatchObject({ balance: { available_micro: micro } })
    })

    it('are refused with a key that is too long', async () => {
      const { admin, ada } = await open()
      const path = `${USERS}/${ada.id}/credits`
      const param = 'Idempotency-Key'
      const headers = { 'idempotency-key': 'k'.repeat(256) }
      const long = await admin('POST', path, { body: grantBody(), headers })
      expect(refusalOf(long)).toEqual({ status: 400, code: 'invalid_value', param })
    })

    it('are refused with the name of the invalid field', async () => {
      const grant = granterOf(await open())
      const wrong: [body: object, param: string][] = [
        [{ amount_micro: '0', note: 'x' }, 'amount_micro'],
        [{ amount_micro: '1.5', note: 'x' }, 'amount_micro'],
        [{ amount_micro: '1000000000000001', note: 'x' }, 'amount_micro'],
        [{ amount: '-5', note: 'x' }, 'amount'],
        [{ amount: -5, note: 'x' }, 'amount'],
        [{ amount: '1.0000001', note: 'x' }, 'amount'],
        [{ amount: 1_000_000_001, note: 'x' }, 'amount'],
        [{ amount: true, note: 'x' }, 'amount'],
        [{ amount: 1, amount_micro: '1', note: 'x' }, 'amount'],
        [{ amount_micro: '5', note: ' ' }, 'note'],
        [{ amount_micro: '5', note: 'x'.repeat(201) }, 'note'],
      ]
      for (const [body, param] of wrong) {
        const refused = { status: 400, code: 'invalid_value', param }
        expect(refusalOf(await grant('k1', body)), JSON.stringify(body)).toEqual(refused)
      }
    })

    it('are refused without an amount, named as the documented parameter', async () => {
      const grant = granterOf(await open())
      const refused = { status: 400, code: 'missing_required_parameter', param: 'amount' }
      expect(refusalOf(await grant('k1', { note: 'x' }))).toEqual(refused)
    })

    it('are refused for an unknown user', async () => {
      const installation = await open()
      const answer = await granterOf(installation, `usr_${'0'.repeat(32)}`)('k1')
      expect(refusalOf(answer)).toMatchObject({ status: 404, code: 'not_found' })
    })
  })
}
