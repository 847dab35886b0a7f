// The widgets as one module for anywidget, with preact in React's place: it lands in every saved notebook.
import { build } from 'esbuild';
import { existsSync } from 'node:fs';

if (existsSync('src/widgets/index.tsx')) {
  await build({
    entryPoints: ['src/widgets/index.tsx'],
    outfile: '../mm_jupyter/static/widget.js',
    bundle: true, minify: true, format: 'esm', target: 'es2020', jsx: 'automatic', legalComments: 'none',
    alias: { react: 'preact/compat', 'react-dom': 'preact/compat', 'react/jsx-runtime': 'preact/jsx-runtime', 'react-dom/client': 'preact/compat/client' },
    loader: { '.css': 'text' },
  });
}
