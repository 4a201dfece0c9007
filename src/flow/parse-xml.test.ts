import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MAX_XML_CHARACTERS, parseCallFlowXml } from './parse-xml.ts'

const parse = (text: string) => {
  let count = 0
  return parseCallFlowXml(text, { newId: () => `new-${++count}` })
}

function accepted(text: string) {
  const result = parse(text)
  if ('faults' in result) assert.fail(JSON.stringify(result.faults))
  return result.flow
}

function refused(text: string): string[] {
  const result = parse(text)
  if ('flow' in result) assert.fail(`was accepted: ${JSON.stringify(result.flow)}`)
  return result.faults.map(({ kind, parameter }) => `${kind} ${parameter ?? '-'}`)
}

const stepOf = (text: string) => accepted(`<CallFlow>${text}</CallFlow>`).steps[0]

describe('tags', () => {
  test('Transfer', () => {
    assert.deepEqual(
      stepOf('<Transfer id="t" destination="31612345678" mask="true" record="both" ifMachine="hangup"/>'),
      {
        id: 't',
        action: 'transfer',
        options: { destination: '31612345678', mask: true, record: 'both', ifMachine: 'hangup' },
      },
    )
  })

  test('Say, with all of its keypress attributes', () => {
    const text = `<Say id="s" language="en-GB" voice="female" repeat="2" machineTimeout="5000" onKeypressVar="code"
      onKeypressGoto="s" maxNumKeys="4" endKey="#" timeout="8">
        Fish &amp; chips &#233; &#x1F600;
        <![CDATA[a < b]]>
      </Say>`
    assert.deepEqual(stepOf(text), {
      id: 's',
      action: 'say',
      options: {
        payload: 'Fish & chips é 😀\n        a < b',
        language: 'en-GB',
        voice: 'female',
        repeat: 2,
        machineTimeout: 5000,
      },
      onKeypressGoto: 's',
      onKeypressVar: 'code',
      endKey: '#',
      maxNumKeys: 4,
      timeout: 8,
    })
  })

  test('Play: its url is the media option', () => {
    assert.deepEqual(
      stepOf('<Play url="https://example.com/a.wav?x=1&amp;y=2" onKeypressVar="v" endKey="*"/>'),
      {
        id: 'new-1',
        action: 'play',
        options: { media: 'https://example.com/a.wav?x=1&y=2' },
        onKeypressVar: 'v',
        endKey: '*',
      },
    )
  })

  test('Pause, whose timeout is the wait for keys', () => {
    assert.deepEqual(stepOf('<Pause length="5" onKeypressVar="v" timeout="2"></Pause>'), {
      id: 'new-1',
      action: 'pause',
      options: { length: 5 },
      onKeypressVar: 'v',
      timeout: 2,
    })
  })

  test('Record, whose timeout is its own', () => {
    const text = `<Record maxLength="10" timeout="5" finishOnKey="#" transcribe="1" transcribeLanguage="en-US" onFinish="https://example.com/done"/>`
    assert.deepEqual(stepOf(text)?.options, {
      maxLength: 10,
      timeout: 5,
      finishOnKey: '#',
      transcribe: true,
      transcribeLanguage: 'en-US',
      onFinish: 'https://example.com/done',
    })
  })

  test('FetchCallFlow, SendKeys and Hangup', () => {
    const { steps } = accepted(
      `<Flow><FetchCallFlow url="https://example.com/" token="t=="/><SendKeys keys="12#" duration="200" interval="0"/><Hangup/></Flow>`,
    )
    assert.deepEqual(
      steps.map(({ action, options }) => [action, options]),
      [
        ['fetchCallFlow', { url: 'https://example.com/', token: 't==' }],
        ['sendKeys', { keys: '12#', duration: 200 }],
        ['hangup', {}],
      ],
    )
  })

  test('names of tags and attributes are case-insensitive, and quotes may be single', () => {
    assert.deepEqual(stepOf("<SAY Language='en-gb' VOICE='male' ONKEYPRESSVAR='V'>Hi</SAY>"), {
      id: 'new-1',
      action: 'say',
      options: { payload: 'Hi', language: 'en-gb', voice: 'male' },
      onKeypressVar: 'V',
    })
  })

  test('unknown attributes are ignored', () => {
    assert.deepEqual(stepOf('<Hangup make="x" constructor="y" __proto__="z"/>')?.options, {})
  })
})

describe('documents', () => {
  test('the root may be one step', () => {
    const { steps, record } = accepted(
      '<?xml version="1.0" encoding="UTF-8"?>\n<Transfer destination="31612345678" mask="true" />\n',
    )
    assert.deepEqual([steps.length, steps[0]?.action, record], [1, 'transfer', false])
  })

  test('any other root has the fields of the flow as attributes', () => {
    const flow = accepted(
      '<x Title="A &quot;title&quot;" RECORD="1" default="true" maxDuration="60" steps="no"><!-- c --><Hangup/></x>',
    )
    assert.deepEqual(flow, {
      title: 'A "title"',
      record: true,
      default: true,
      maxDuration: 60,
      steps: [{ id: 'new-1', action: 'hangup', options: {} }],
    })
  })

  test('If gives its steps a condition, and nested ones add up', () => {
    const { steps } = accepted(`<CallFlow>
      <Say language="en-gb" voice="male" onKeypressVar="a">Choose</Say>
      <If variable="a" operator="==" value="1">
        <Pause length="1"/>
        <if VARIABLE="b" operator="gt" value="2"><Pause length="2"/></if>
        <Pause length="3"/>
      </If>
      <Hangup/>
    </CallFlow>`)
    const a = { variable: 'a', operator: 'eq', value: '1' }
    const b = { variable: 'b', operator: 'gt', value: '2' }
    assert.deepEqual(
      steps.map(({ conditions }) => conditions),
      [undefined, [a], [a, b], [a], undefined],
    )
  })

  test('validation is that of JSON, with the paths of the flat steps', () => {
    assert.deepEqual(
      refused(`<F><Hangup/><If variable="a" operator="like" value="1"><Say voice="robot"/></If><Dance/></F>`),
      [
        'missing steps[1].options.payload',
        'missing steps[1].options.language',
        'invalid steps[1].options.voice',
        'invalid steps[1].conditions[0].operator',
        'invalid steps[2].action',
      ],
    )
    assert.deepEqual(refused('<F/>'), ['missing steps'])
  })
})

describe('bad XML', () => {
  for (const [name, text] of [
    ['nothing', ''],
    ['no XML', '{"steps":[]}'],
    ['an open tag', '<F><Hangup>'],
    ['a wrong closing tag', '<F><Hangup></F></Hangup>'],
    ['two roots', '<Hangup/><Hangup/>'],
    ['an attribute twice', '<Hangup id="a" id="b"/>'],
    ['an attribute without quotes', '<Hangup id=a/>'],
    ['an unknown entity', '<Say language="en-gb" voice="male">&nbsp;</Say>'],
    ['a control character by number', '<Say language="en-gb" voice="male">&#7;</Say>'],
    ['a doctype', '<!DOCTYPE F><Hangup/>'],
    [
      'entities that multiply',
      '<!DOCTYPE F [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><Say language="en-gb" voice="male">&b;</Say>',
    ],
    [
      'an external entity',
      '<!DOCTYPE F [<!ENTITY x SYSTEM "file:///etc/passwd">]><Say language="en-gb" voice="male">&x;</Say>',
    ],
    ['a processing instruction', '<?php echo 1 ?><Hangup/>'],
  ] as const) {
    test(`with ${name} can't be parsed`, () => assert.deepEqual(refused(text), ['unparsable -']))
  }

  test('text and tags are allowed only where they mean something', () => {
    assert.deepEqual(refused('<F>hello<Hangup/></F>'), ['invalid -'])
    assert.deepEqual(refused('<Hangup>now</Hangup>'), ['invalid -'])
    assert.deepEqual(refused('<Say language="en-gb" voice="male">a <b>c</b></Say>'), ['invalid -'])
  })
})

describe('limits', () => {
  test('of depth', () => {
    const nested = (depth: number) =>
      `${'<If variable="a" operator="eq">'.repeat(depth)}<Hangup/>${'</If>'.repeat(depth)}`
    assert.equal(accepted(nested(63)).steps[0]?.conditions?.length, 63)
    assert.deepEqual(refused(nested(64)), ['invalid -'])
  })

  test('of steps', () => {
    assert.equal(accepted(`<F>${'<Hangup/>'.repeat(1000)}</F>`).steps.length, 1000)
    assert.deepEqual(refused(`<F>${'<Hangup/>'.repeat(1001)}</F>`), ['unprocessable steps'])
  })

  test('of size, also of what conditions that many steps inherit make of it', () => {
    assert.deepEqual(refused(`<F>${' '.repeat(MAX_XML_CHARACTERS)}<Hangup/></F>`), ['unprocessable -'])
    const inherited = `${'<If variable="abcdefghij" operator="eq">'.repeat(60)}${'<Hangup/>'.repeat(900)}${'</If>'.repeat(60)}`
    assert.deepEqual(refused(inherited), ['unprocessable -'])
  })
})

test('any text is accepted or refused, and never throws', () => {
  const piece = fc.constantFrom(
    ...[
      '<Say ',
      '<F>',
      '</F>',
      '<If ',
      '/>',
      '>',
      '</Say>',
      '<![CDATA[',
      ']]>',
      '<!--',
      '-->',
      '<?xml ?>',
      '&amp;',
    ],
    ...[
      '&#0;',
      '&x;',
      'language="en-gb"',
      ' voice=',
      '"male"',
      '<!DOCTYPE',
      '\u0000',
      '\ud800',
      'x',
      '<Hangup/>',
    ],
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(piece, fc.string())).map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(text, (input) => {
      const result = parse(input)
      assert.ok('flow' in result ? result.flow.steps.length > 0 : result.faults.length > 0)
    }),
    { numRuns: 2_000 },
  )
})
