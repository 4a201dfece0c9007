import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, open, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { decodeWav, parseWav } from '../audio/wav.ts'
import { wavFormat } from '../wav-format.ts'
import { RecordingFolder } from './recording-folder.ts'
import { openRecordingWriter, recordingPath } from './recording-writer.ts'

const ID = '0190f3a2-1111-4111-8111-000000000001'
const format = wavFormat()

async function temporary() {
  const root = await mkdtemp(join(tmpdir(), 'linnet-recordings-'))
  const folder = join(root, 'recordings')
  return {
    root,
    folder,
    path: join(folder, `${ID}.wav`),
    files: new RecordingFolder(folder, format),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true }),
  }
}

/** A writer, and how often it has told of a failure. */
function write(folder: string | undefined, recordingId = ID) {
  const failures = { count: 0 }
  const writer = openRecordingWriter({ folder, recordingId, format, onFailure: () => (failures.count += 1) })
  return { writer, failures }
}

function ramp(length: number, from = 0): Int16Array {
  return Int16Array.from({ length }, (_, i) => ((from + i) * 37) & 0xffff)
}

function soundOf(bytes: Uint8Array): Int16Array {
  const file = parseWav(bytes)
  assert.ok(!('failure' in file), JSON.stringify(file))
  return decodeWav(file)
}

async function download(files: RecordingFolder, id = ID): Promise<Uint8Array> {
  const file = await files.open(id)
  assert.ok(file)
  const bytes = await buffer(file.stream)
  assert.equal(bytes.length, file.bytes)
  return bytes
}

describe('a writer', () => {
  test('leaves a whole WAV file, whose header tells its length, that only we can read', async () => {
    await using place = await temporary()
    const { writer, failures } = write(place.folder)
    for (let at = 0; at < 50_000; at += 160) writer.append(ramp(160, at))
    writer.append(ramp(77, 50_080))
    await writer.close()

    const bytes = await readFile(place.path)
    assert.equal(bytes.readUInt32LE(40), bytes.length - 44)
    assert.equal(bytes.readUInt32LE(4), bytes.length - 8)
    assert.deepEqual(soundOf(bytes), ramp(50_157))
    assert.equal((await stat(place.path)).mode & 0o777, 0o600)
    assert.equal(failures.count, 0)
  })

  test('copies what it is given', async () => {
    await using place = await temporary()
    const { writer } = write(place.folder)
    const frame = ramp(160)
    writer.append(frame)
    frame.fill(1)
    await writer.close()
    assert.deepEqual(soundOf(await readFile(place.path)), ramp(160))
  })

  test('writes while it goes on: no more than 0.2 s wait, and what is there can be read', async () => {
    await using place = await temporary()
    const { writer } = write(place.folder)
    writer.append(ramp(8_000 + 1_599))
    const deadline = performance.now() + 5_000
    while ((await stat(place.path).catch(() => ({ size: 0 }))).size < 44 + 16_000)
      assert.ok(performance.now() < deadline)
    assert.deepEqual(soundOf(await readFile(place.path)), ramp(8_000))
    await writer.close()
  })

  test('without samples leaves an empty file', async () => {
    await using place = await temporary()
    const { writer } = write(place.folder)
    await writer.close()
    assert.equal((await stat(place.path)).size, 44)
  })

  for (const [what, prepare] of [
    ['is a file', (folder: string) => writeFile(folder, '')],
    ['is a link to nowhere', (folder: string) => symlink('/proc/nowhere', folder)],
  ] as const) {
    test(`whose folder ${what} fails once, with the reason, and takes no more`, async () => {
      await using place = await temporary()
      await prepare(place.folder)
      const { writer, failures } = write(place.folder)
      writer.append(ramp(5_000))
      await assert.rejects(writer.close(), /^Error: the recording can't be written: .+/)
      writer.append(ramp(5_000))
      assert.equal(failures.count, 1)
    })
  }

  test('without a folder fails', async () => {
    const { writer, failures } = write(undefined)
    await assert.rejects(writer.close(), /there is no folder/)
    assert.equal(failures.count, 1)
  })

  test('never writes over a recording', async () => {
    await using place = await temporary()
    const first = write(place.folder).writer
    first.append(ramp(10))
    await first.close()
    await assert.rejects(write(place.folder).writer.close(), /EEXIST/)
    assert.deepEqual(soundOf(await readFile(place.path)), ramp(10))
  })

  test('on a disk that takes no more fails once, and keeps what was written', async () => {
    await using place = await temporary()
    const script = fileURLToPath(new URL('../../test/support/recording-on-full-disk.ts', import.meta.url))
    // A limit on the size of files stands for a full disk: the write that reaches it is cut short, and the next one refused.
    const limited = ['-c', 'ulimit -f 20 && exec "$@"', 'sh', process.execPath, script, place.folder, ID]
    const { stdout } = await promisify(execFile)('sh', limited)

    const { error, told, failures } = JSON.parse(stdout) as Record<string, unknown>
    assert.match(String(error), /can't be written: EFBIG/)
    assert.deepEqual([told, failures], [1, 1])
    assert.equal(await place.files.repair(ID), 10_240 / 16_000 - 44 / 16_000)
    assert.ok(soundOf(await readFile(place.path)).every((sample) => sample === 1))
  })

  test('that the disk does not keep up with gives up instead of filling the memory', async () => {
    await using place = await temporary()
    const { writer, failures } = write(place.folder)
    for (let block = 0; block < 150; block += 1) writer.append(ramp(1_600)) // 30 s in one breath
    await assert.rejects(writer.close(), /the disk is too slow/)
    assert.equal(failures.count, 1)
  })
})

describe('the folder', () => {
  test('repairs what a crash has left, to the last whole sample', async () => {
    await using place = await temporary()
    const { writer } = write(place.folder)
    writer.append(ramp(9_000))
    await writer.close()
    const file = await open(place.path, 'r+')
    await file.write(format.header(), 0, 44, 0) // as it is while it grows
    await file.truncate(44 + 16_001)
    await file.close()

    assert.equal(await place.files.repair(ID), 1)
    const bytes = await readFile(place.path)
    assert.deepEqual([bytes.length, bytes.readUInt32LE(40)], [44 + 16_000, 16_000])
    assert.deepEqual(soundOf(bytes), ramp(8_000))
    assert.equal(await place.files.repair(ID), 1, 'again changes nothing')
  })

  test('has nothing to repair where no sample was written', async () => {
    await using place = await temporary()
    assert.equal(await place.files.repair(ID), undefined)
    await write(place.folder).writer.close()
    assert.equal(await place.files.repair(ID), undefined)
    await writeFile(place.path, 'RI')
    assert.equal(await place.files.repair(ID), undefined)
  })

  test('streams a file, and closes it when the reader loses interest', async () => {
    await using place = await temporary()
    const { writer } = write(place.folder)
    const sound = ramp(150_000) // 94 blocks: less than the writer lets wait, however slow the disk is
    writer.append(sound)
    await writer.close()
    assert.deepEqual(soundOf(await download(place.files)), sound)

    const before = (await readdir('/proc/self/fd')).length
    const file = await place.files.open(ID)
    await file?.stream.cancel()
    const reader = (await place.files.open(ID))?.stream.getReader()
    assert.ok((await reader?.read())?.value)
    await reader?.cancel()
    assert.equal((await readdir('/proc/self/fd')).length, before)
  })

  test('deletes, and does not mind what is not there', async () => {
    await using place = await temporary()
    await write(place.folder).writer.close()
    await place.files.delete(ID)
    await place.files.delete(ID)
    assert.equal(await place.files.open(ID), undefined)
    assert.deepEqual(await readdir(place.folder), [])
  })

  test('knows files by UUIDs only: no id leads elsewhere', async () => {
    await using place = await temporary()
    await writeFile(join(place.root, 'secret.wav'), 'secret')
    for (const id of ['../secret', '..%2fsecret', `../recordings/${ID}`, '', '.', `${ID}/`, `${ID}\0`]) {
      assert.equal(recordingPath(place.folder, id), undefined)
      assert.equal(await place.files.open(id), undefined)
      assert.equal(await place.files.repair(id), undefined)
      await place.files.delete(id)
      await assert.rejects(write(place.folder, id).writer.close())
    }
    assert.deepEqual(await readdir(place.root), ['secret.wav'])
    assert.equal(recordingPath('/f', ID.toUpperCase()), join('/f', `${ID}.wav`))
  })
})
