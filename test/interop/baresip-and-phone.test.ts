import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareHeard } from '../support/listen.ts'
import { failOnLeaks } from '../support/no-leaks.ts'
import { openPhone } from '../support/phone.ts'
import { babble } from '../support/sounds.ts'
import { openBaresip, withoutBaresip } from './baresip.ts'

failOnLeaks()

// The tools against each other: what later tests conclude about the server rests on this.

for (const codec of ['pcmu', 'pcma'] as const) {
  test(`baresip calls the phone, and both hear each other (${codec})`, { skip: withoutBaresip }, async () => {
    const [voice, prompt] = [babble(3, 5), babble(2, 9)]
    await using baresip = await openBaresip({ says: voice, codecs: codec })
    await using phone = await openPhone()
    phone.onInvite((incoming) => {
      incoming.ring()
      incoming.answer()
    })
    baresip.dial(phone.uri)
    const call = await phone.nextCall()
    await call.waitFor('ACK')
    await call.media.play(prompt)
    await baresip.press('1#')
    baresip.hangUp()
    assert.equal(await call.waitForEnd(), 'them')
    await baresip.waitFor('CALL_CLOSED')

    const atPhone = compareHeard(call.media.heard().samples, voice.subarray(0, 12_000))
    const atBaresip = compareHeard(baresip.heard(), prompt)
    for (const found of [atPhone, atBaresip]) {
      assert.ok(found.correlation > 0.995, `${found.correlation}`)
      assert.ok(Math.abs(found.levelDifferenceDb) < 0.1, `${found.levelDifferenceDb}`)
      assert.deepEqual(found.gaps, [])
      assert.deepEqual(found.slips, [])
    }
    assert.deepEqual(
      call.media.heardKeys().map(({ key }) => key),
      ['1', '#'],
    )
  })
}

test('the phone calls baresip, which answers by itself, and hangs up', { skip: withoutBaresip }, async () => {
  const prompt = babble(2, 9)
  await using baresip = await openBaresip()
  await using phone = await openPhone()
  const call = await phone.call(baresip.uri)
  await call.waitFor('200 INVITE')
  await call.media.play(prompt)
  await call.media.press('5')
  assert.equal((await call.bye()).kind, '200 BYE')
  await baresip.waitFor('CALL_CLOSED')
  assert.ok(compareHeard(baresip.heard(), prompt).correlation > 0.995)
})
