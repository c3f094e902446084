import { expect, test } from 'vitest';
import { parseArtifact } from '../../../operator/commands/arguments.ts';

test.each([
  ['artifact.tar.gz', { path: 'artifact.tar.gz' }],
  ['/build/a=b.tar', { path: '/build/a=b.tar' }],
  ['./a=b.tar', { path: './a=b.tar' }],
  ['app=out/app.tar', { component: 'app', path: 'out/app.tar' }],
  ['app=out/x=y.tar', { component: 'app', path: 'out/x=y.tar' }],
  ['kernel=boot.img:image', { component: 'kernel', path: 'boot.img', installer: 'image' }],
  ['app=a:b.tar:archive', { component: 'app', path: 'a:b.tar', installer: 'archive' }],
  [
    'mcu=mcu.bin:module:serial-mcu',
    {
      component: 'mcu',
      path: 'mcu.bin',
      installer: 'module:serial-mcu',
    },
  ],
  ['mcu=a:module:b:module:c', { component: 'mcu', path: 'a:module:b', installer: 'module:c' }],
  ['app=a:b.tar', { component: 'app', path: 'a:b.tar' }],
])('%s is %o', (text, expected) => {
  expect(parseArtifact(text)).toEqual([expected]);
});

test('several stay in the order in which they are given', () => {
  const paths = ['a=1', 'b=2', 'c=3'].reduce<ReturnType<typeof parseArtifact>>(
    (before, text) => parseArtifact(text, before),
    [],
  );
  expect(paths.map(({ component }) => component)).toEqual(['a', 'b', 'c']);
});

test.each(['UPPER=x.tar', 'two words=x.tar', '..=x.tar'])(
  'a component that is no name is refused: %s',
  (text) => {
    expect(() => parseArtifact(text)).toThrow(/must be 1 to 64|must not contain/);
  },
);
