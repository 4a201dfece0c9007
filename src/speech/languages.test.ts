import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findLanguage, spokenLanguages } from './languages.ts'

test('all 38 languages of the API are there, each once', () => {
  const codes =
    'bg-bg cs-cz cy-gb da-dk de-de el-gr en-au en-gb en-gb-wls en-in en-us es-es es-mx es-us fr-ca fr-fr hr-hr id-id is-is it-it ' +
    'ja-jp ko-kr ms-my nb-no nl-nl pl-pl pt-br pt-pt ro-ro ru-ru sk-sk sv-se ta-in th-th tr-tr vi-vn zh-cn zh-hk'

  assert.deepEqual(
    spokenLanguages.map(({ code }) => code),
    codes.split(' '),
  )
})

test('a code is found in any case, another is not', () => {
  assert.equal(findLanguage('en-GB-WLS')?.espeakVoice, 'en-gb-x-gbcwmd')
  assert.equal(findLanguage('bg-BG')?.code, 'bg-bg')
  assert.equal(findLanguage('tlh'), undefined)
  assert.equal(findLanguage('en'), undefined)
})
