// Compiles every document of a list with the official compiler and says how long each took.
// node official.cjs FOLDER-OF-MJML LIST.json OUT.json ROUNDS
const fs = require("fs");
const [folder, list, out, rounds] = process.argv.slice(2);
const mjml = require(require.resolve("mjml", { paths: [folder] }));
const compile = mjml.default || mjml;
// `fonts`: no style sheet from a foreign host; `keepComments`: as ours, none.
const options = { fonts: {}, keepComments: false, validationLevel: "soft" };

const sources = JSON.parse(fs.readFileSync(list, "utf8"));
// All of them first, several times: the first documents are not to pay for a cold engine.
for (let round = 0; round < 5; round += 1) sources.forEach((source) => compile(source, options));

const made = sources.map((source) => {
  const { html, errors } = compile(source, options);
  const times = [];
  for (let round = 0; round < Number(rounds); round += 1) {
    const began = process.hrtime.bigint();
    compile(source, options);
    times.push(Number(process.hrtime.bigint() - began) / 1e6);
  }
  return { html, milliseconds: times, complaints: errors.map((it) => it.formattedMessage) };
});
fs.writeFileSync(out, JSON.stringify(made));
