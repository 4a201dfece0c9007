import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kindOfFile } from './sniff.ts'
import { serializeWav } from './wav.ts'

const files: readonly (readonly [firstBytes: string, kind: string])[] = [
  ['ID3\x03\0\0\0', 'an MP3 file'],
  ['\xff\xfb\x90\x64', 'an MP3 file'],
  ['\xff\xf3\x40\xc4', 'an MP3 file'],
  ['\xff\xf1\x50\x80', 'an AAC file'],
  ['OggS\0\x02', 'an Ogg file'],
  ['fLaC\0\0', 'a FLAC file'],
  ['FORM\0\0\x01\0AIFF', 'an AIFF file'],
  ['\0\0\0\x20ftypM4A ', 'an MP4 file'],
  ['RIFF\x04\0\0\0AVI ', 'a RIFF file, but no WAVE'],
  ['\x1f\x8b\x08', 'compressed with gzip'],
  ['<!DOCTYPE html><html>', 'an HTML page'],
  ['\n<html lang="en">', 'an HTML page'],
  ['<?xml version="1.0"?>', 'an XML or HTML document'],
  ['{"error":"not found"}', 'a JSON document'],
  ['Not found', 'plain text'],
  ['', 'empty'],
  ['\x00\x01\x02\x03', 'of an unknown kind'],
]

for (const [firstBytes, kind] of files) {
  test(`a file that begins with ${JSON.stringify(firstBytes)} is ${kind}`, () => {
    assert.equal(kindOfFile(Buffer.from(firstBytes, 'latin1')), kind)
  })
}

test('a WAV file is known by its container and its form', () => {
  assert.equal(kindOfFile(serializeWav(new Int16Array(1), 8000)), 'a WAV file')
})
