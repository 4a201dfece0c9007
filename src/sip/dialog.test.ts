import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DialogStart, DialogState } from './dialog.ts'
import { headersOfCheckedEntries } from './headers.ts'
import { parseSipUri, serializeSipUri } from './uri.ts'

function uri(text: string) {
  const parsed = parseSipUri(text)
  assert.ok(parsed)
  return parsed
}

function dialogWith(overrides: Partial<DialogStart> = {}): DialogState {
  return new DialogState({
    callId: 'call',
    localTag: 'ours',
    remoteTag: 'theirs',
    local: '<sip:us@b>;tag=ours',
    remote: '<sip:them@a>;tag=theirs',
    localCSeq: 4,
    remoteCSeq: undefined,
    remoteTarget: uri('sip:them@desk.example:5070'),
    routes: [],
    ...overrides,
  })
}

const headersOf = (dialog: DialogState, method = 'BYE') =>
  headersOfCheckedEntries(dialog.createRequest(method).headers)

test('a request in a dialog has its identifiers, the next CSeq and the remote target', () => {
  const dialog = dialogWith()
  const request = dialog.createRequest('BYE')
  const headers = headersOfCheckedEntries(request.headers)

  assert.equal(request.uri, 'sip:them@desk.example:5070')
  assert.equal(headers.get('From'), '<sip:us@b>;tag=ours')
  assert.equal(headers.get('To'), '<sip:them@a>;tag=theirs')
  assert.equal(headers.get('Call-ID'), 'call')
  assert.equal(headers.get('CSeq'), '5 BYE')
  assert.equal(headersOf(dialog).get('CSeq'), '6 BYE')
})

test('an ACK has the CSeq of its INVITE and does not count', () => {
  const dialog = dialogWith()

  const ack = headersOfCheckedEntries(dialog.createRequest('ACK', { cseq: 4 }).headers)

  assert.equal(ack.get('CSeq'), '4 ACK')
  assert.equal(headersOf(dialog).get('CSeq'), '5 BYE')
})

test('with loose routes the target stays the Request-URI and the first route is the next hop', () => {
  const dialog = dialogWith({ routes: ['<sip:p1.example;lr>', '<sip:p2.example;lr>'] })
  const request = dialog.createRequest('BYE')

  assert.equal(request.uri, 'sip:them@desk.example:5070')
  assert.deepEqual(headersOfCheckedEntries(request.headers).all('Route'), [
    '<sip:p1.example;lr>',
    '<sip:p2.example;lr>',
  ])
  assert.equal(serializeSipUri(dialog.nextHop), 'sip:p1.example;lr')
})

test('a strict first route is the Request-URI, and the target goes to the end of Route', () => {
  const dialog = dialogWith({ routes: ['<sip:p1.example;method=BYE>', '<sip:p2.example;lr>'] })
  const request = dialog.createRequest('BYE')

  assert.equal(request.uri, 'sip:p1.example')
  assert.deepEqual(headersOfCheckedEntries(request.headers).all('Route'), [
    '<sip:p2.example;lr>',
    '<sip:them@desk.example:5070>',
  ])
})

test('the far end’s CSeq only grows', () => {
  const dialog = dialogWith()

  assert.equal(dialog.takeRemoteCSeq(9), true)
  assert.equal(dialog.takeRemoteCSeq(9), false)
  assert.equal(dialog.takeRemoteCSeq(8), false)
  assert.equal(dialog.takeRemoteCSeq(100), true)
})

test('a target refresh changes where requests go, but not their route', () => {
  const dialog = dialogWith({ routes: ['<sip:p1.example;lr>'] })

  dialog.refreshTarget(uri('sip:them@mobile.example'))

  assert.equal(dialog.createRequest('BYE').uri, 'sip:them@mobile.example')
  assert.deepEqual(headersOf(dialog).all('Route'), ['<sip:p1.example;lr>'])
})
