// Records two seconds of ones into FOLDER as ID: `node recording-on-full-disk.ts FOLDER ID`. Run it where files can't grow large.
// Prints what `close` rejected with, and how often a failure was told before.
import { setTimeout as sleep } from 'node:timers/promises'
import { openRecordingWriter } from '../../src/storage/recording-writer.ts'
import { wavFormat } from '../../src/wav-format.ts'

const [folder = '', recordingId = ''] = process.argv.slice(2)
let failures = 0
const onFailure = () => {
  failures += 1
}
const writer = openRecordingWriter({ folder, recordingId, format: wavFormat(), onFailure })
for (let block = 0; block < 10; block += 1) {
  writer.append(new Int16Array(1_600).fill(1))
  await sleep(10)
}
const told = failures
const error = await writer.close().then(
  () => 'nothing',
  ({ message }: Error) => message,
)
process.stdout.write(JSON.stringify({ error, told, failures }))
