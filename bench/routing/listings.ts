/** Writes long listings of code from a seed, for rows that ask something easy or something hard about one. */
import { pick, type Random } from './random.ts';

type Language = 'python' | 'javascript' | 'go' | 'java';

const heads: Readonly<Record<Language, string>> = {
  python: 'import os\nimport json\nimport threading\n\ncache = {}\n',
  javascript: "const express = require('express');\nconst app = express();\nlet users = {};\n",
  go: 'package main\n\nimport (\n\t"fmt"\n\t"net/http"\n\t"sync"\n)\n\nvar items = map[string]int{}\n',
  java: 'package shop;\n\nimport java.util.*;\n\npublic class Store {\n    private Map<String, Integer> stock = new HashMap<>();\n',
};

const blocks: Readonly<Record<Language, readonly string[]>> = {
  python: [
    'def load_{n}(path):\n    with open(path) as file:\n        data = json.load(file)\n    cache[path] = data\n    return data\n',
    'def total_{n}(rows):\n    total = 0\n    for row in rows:\n        if row["kind"] == "{w}":\n            total += row["amount"]\n    return total\n',
    'class Worker{n}(threading.Thread):\n    def run(self):\n        while True:\n            job = self.queue.get()\n            if job is None:\n                break\n            self.handle(job)\n',
    'def save_{n}(name, value):\n    os.system("cp " + name + " /backup")\n    cache[name] = value\n',
  ],
  javascript: [
    "app.get('/{w}/:id', async (req, res) => {\n  const row = await db.query('SELECT * FROM {w} WHERE id = ' + req.params.id);\n  res.json(row);\n});\n",
    'function sort{n}(list) {\n  for (let i = 0; i < list.length; i++) {\n    for (let j = 0; j < list.length; j++) {\n      if (list[i].{w} < list[j].{w}) [list[i], list[j]] = [list[j], list[i]];\n    }\n  }\n  return list;\n}\n',
    'export const fetch{n} = async (url) => {\n  const response = await fetch(url);\n  users[url] = await response.json();\n  return users[url];\n};\n',
    'app.listen(30{n}, () => {\n  console.log("{w} is up");\n});\n',
  ],
  go: [
    'func get{n}(w http.ResponseWriter, r *http.Request) {\n\tname := r.URL.Query().Get("{w}")\n\titems[name]++\n\tfmt.Fprintln(w, items[name])\n}\n',
    'func run{n}(jobs chan string, wg *sync.WaitGroup) {\n\tdefer wg.Done()\n\tfor job := range jobs {\n\t\tfmt.Println("{w}", job)\n\t}\n}\n',
    'type {w}{n} struct {\n\tmu sync.Mutex\n\tvalues []int\n}\n\nfunc (s *{w}{n}) add(v int) {\n\ts.mu.Lock()\n\ts.values = append(s.values, v)\n\ts.mu.Unlock()\n}\n',
  ],
  java: [
    '    public int take{n}(String name, int count) {\n        int left = stock.get(name) - count;\n        stock.put(name, left);\n        return left;\n    }\n',
    '    public List<String> {w}{n}(List<String> names) {\n        List<String> found = new ArrayList<>();\n        for (String name : names) {\n            if (stock.containsKey(name)) {\n                found.add(name);\n            }\n        }\n        return found;\n    }\n',
    '    @Override\n    public void run() {\n        synchronized (this) {\n            while (stock.isEmpty()) {\n                wait();\n            }\n        }\n    }\n',
  ],
};
const words: readonly string[] = ['orders', 'users', 'prices', 'points', 'seats', 'mails'];

/** A file of `count` blocks in one language. */
export function writeListing(random: Random, count: number): string {
  const language = pick(['python', 'javascript', 'go', 'java'] as const, random);
  let text = heads[language];
  for (let at = 0; at < count; at += 1) {
    const word = pick(words, random);
    text += `\n${pick(blocks[language], random)
      .replaceAll('{n}', String(at + 1))
      .replaceAll('{w}', word)}`;
  }
  return language === 'java' ? `${text}}\n` : text;
}
