import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JournalEvent } from '../domain/journal.ts'
import { timeline } from './timeline.ts'

/** Lines of events that happened a quarter of a second apart. */
const linesOf = (...events: JournalEvent[]) =>
  timeline(events.map((event, index) => ({ at: 1_700_000_000_000 + index * 250, event })))

test('a call reads as a timeline with seconds, legs and reasons', () => {
  const lines = linesOf(
    { type: 'callStatus', status: 'starting' },
    {
      type: 'legCreated',
      legId: 'x',
      direction: 'incoming',
      source: '31',
      destination: '32',
      sipCallId: 'abc',
    },
    { type: 'legStatus', legId: 'x', status: 'ongoing', sipResponseCode: 200 },
    { type: 'stepStarted', legId: 'x', stepId: 'menu', action: 'say' },
    { type: 'key', legId: 'x', key: '1' },
    { type: 'stepEnded', legId: 'x', stepId: 'menu', outcome: 'failed', detail: 'no voice' },
    { type: 'legStatus', legId: 'x', status: 'hangup', endReason: { by: 'remote', cause: 'hangup' } },
  )

  assert.deepEqual(lines, [
    '    0.000  call   starting',
    '    0.250  leg 1  incoming from 31 to 32, Call-ID abc',
    '    0.500  leg 1  ongoing (200)',
    '    0.750  leg 1  step menu: say',
    '    1.000  leg 1  key 1',
    '    1.250  leg 1  step menu failed: no voice',
    '    1.500  leg 1  hangup: hangup by the far end',
  ])
})

test('fetches, gathered keys, audio and SIP failures are told with their figures', () => {
  const statistics = {
    packetsSent: 5,
    packetsReceived: 4,
    packetsLost: 1,
    jitterMs: 0.25,
    packetsRejected: 2,
  }
  const lines = linesOf(
    { type: 'fetch', legId: 'x', stepId: 's', url: 'http://a/', durationMs: 12, status: 200 },
    { type: 'keysGathered', legId: 'x', stepId: 's', keys: '42', variable: 'code' },
    { type: 'media', legId: 'x', statistics },
    { type: 'sipFailure', legId: 'x', status: 486, reason: 'Busy Here' },
    { type: 'flowEnded', legId: 'x' },
  ).map((line) => line.slice(18))

  assert.deepEqual(lines, [
    'fetched http://a/ in 12 ms: 200',
    'gathered "42" as code',
    'audio: 5 packets sent, 4 received, 1 lost, jitter 0.3 ms, 2 rejected',
    'SIP 486 Busy Here',
    'call flow ends',
  ])
})

test('a second leg has its own name', () => {
  const [first, second] = linesOf(
    { type: 'legCreated', legId: 'x', direction: 'incoming' },
    { type: 'legCreated', legId: 'y', direction: 'outgoing' },
  )
  assert.match(first ?? '', /leg 1 {2}incoming from unknown to unknown$/)
  assert.match(second ?? '', /leg 2 {2}outgoing/)
})

test('recordings are told with what ended them', () => {
  const ended = { type: 'recordingEnded', legId: 'x', recordingId: 'r', durationSeconds: 2.5 } as const
  const lines = linesOf(
    { type: 'recordingStarted', legId: 'x', recordingId: 'r' },
    { ...ended, status: 'done', how: 'key', key: '#' },
    { ...ended, status: 'failed', how: 'failed', detail: 'the disk is full' },
  ).map((line) => line.slice(18))

  assert.deepEqual(lines, [
    'recording r begins',
    'recording r done after 2.5 s (key #)',
    'recording r failed after 2.5 s (failed): the disk is full',
  ])
})
