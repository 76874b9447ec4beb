/**
 * The whole screen as a function of the model: header, panes (or the help), warnings, keys.
 */
import { Box } from "ink";
import type { ReactNode } from "react";
import { bindings, type PaneId, paneNumber, panes } from "../model/keys.ts";
import { borderRows, roomOf, sizeMin } from "../model/layout.ts";
import { fitLine, type Line, plain } from "../model/line.ts";
import { type ConsoleModel, modelLayout } from "../model/model.ts";
import type { Theme } from "../theme.ts";
import { clientPane } from "./client.ts";
import { footerLine, noticeLines } from "./footer.ts";
import { headerLine } from "./header.ts";
import { helpPane } from "./help.ts";
import { loadPane } from "./load.ts";
import { logPane } from "./log.ts";
import { nodesPane } from "./nodes.ts";
import { Pane, type PaneContent, Row } from "./pane.tsx";

interface ScreenProps {
  readonly model: ConsoleModel;
  readonly theme: Theme;
}

export const Screen = ({ model, theme }: ScreenProps): ReactNode => {
  const layout = modelLayout(model);
  if (layout.kind === "too-small") return <TooSmall model={model} theme={theme} />;
  const { columns, rows } = model.size;
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Row theme={theme} line={headerLine(model)} />
      {model.help === null ? (
        <>
          <PaneOf id="nodes" rows={layout.nodes} width={columns} model={model} theme={theme} />
          <Box>
            <PaneOf
              id="load"
              rows={layout.load}
              width={columns - layout.clientColumns}
              model={model}
              theme={theme}
            />
            <PaneOf
              id="client"
              rows={layout.client}
              width={layout.clientColumns || columns}
              model={model}
              theme={theme}
            />
          </Box>
          <PaneOf id="log" rows={layout.log} width={columns} model={model} theme={theme} />
        </>
      ) : (
        <Pane
          name="Keys"
          content={helpPane(model, roomOf(layout) - borderRows)}
          width={columns}
          rows={roomOf(layout)}
          focused
          theme={theme}
        />
      )}
      {noticeLines(model, layout.notices).map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place on the screen
        <Row key={index} theme={theme} line={line} />
      ))}
      <Row theme={theme} line={footerLine(model)} />
    </Box>
  );
};

interface PaneOfProps extends ScreenProps {
  readonly id: PaneId;
  readonly rows: number;
  readonly width: number;
}

const PaneOf = ({ id, rows, width, model, theme }: PaneOfProps): ReactNode => {
  if (rows === 0) return null;
  return (
    <Pane
      name={`${paneNumber(id)} ${panes[paneNumber(id) - 1]?.name ?? ""}`}
      content={contentOf(id, model, width - 2, rows - borderRows, theme)}
      width={width}
      rows={rows}
      focused={model.focus === id}
      theme={theme}
    />
  );
};

const contentOf = (
  id: PaneId,
  model: ConsoleModel,
  width: number,
  rows: number,
  theme: Theme,
): PaneContent => {
  switch (id) {
    case "nodes":
      return nodesPane(model, width, rows);
    case "load":
      return loadPane(model, width, rows, theme.colored);
    case "client":
      return clientPane(model, width, rows);
    case "log":
      return logPane(model, width, rows);
  }
};

/** Fits into any window, however small. */
const TooSmall = ({ model, theme }: ScreenProps): ReactNode => {
  const { columns, rows } = model.size;
  const quit = bindings.find((binding) => binding.action === "quit")?.keys[0] ?? "";
  const lines: readonly Line[] = [
    [{ text: model.title, bold: true }],
    [plain(`needs ${sizeMin.columns}x${sizeMin.rows}, has ${columns}x${rows}`)],
    [plain(`enlarge the window, or ${quit} quits`)],
  ];
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      {lines.slice(0, rows).map((line) => (
        <Row key={line[0]?.text} theme={theme} line={fitLine(line, columns)} />
      ))}
    </Box>
  );
};
