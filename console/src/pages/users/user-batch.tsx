// The same done to many users, of whom the server tells who could not be helped.

import Box from "@cloudscape-design/components/box";
import type { ReactNode } from "react";

import type { ChimeUser, ChimeUserError } from "../../api/operations";
import { useNotifications } from "../../common/notifications";
import { BATCH, InBatches } from "./batches";

export interface Closing {
  onClose: () => void;
  onDone: () => void;
}

interface Props extends Closing {
  title: string;
  verb: string;
  children: ReactNode;
  users: ChimeUser[];
  size?: number;
  ready?: boolean;
  width?: "medium" | "large";
  run: (users: ChimeUser[]) => Promise<ChimeUserError[]>;
}

export function nameOf(user: ChimeUser): string {
  return user.PrimaryEmail ?? user.UserId;
}

export function UserBatch({ users, verb, children, run, onDone, onClose, size = BATCH, ...props }: Props) {
  const { tell } = useNotifications();
  return (
    <InBatches
      {...props}
      verb={verb}
      items={users}
      size={size}
      nameOf={nameOf}
      run={async (portion) => {
        const errors = new Map((await run(portion)).map((error) => [error.UserId, error]));
        return portion.map((user) => {
          const failed = errors.get(user.UserId);
          return { who: nameOf(user), ok: !failed, text: failed ? `${failed.ErrorCode}: ${failed.ErrorMessage}` : "Done" };
        });
      }}
      onDone={(outcomes) => {
        onDone();
        if (outcomes.length === users.length && outcomes.every((outcome) => outcome.ok)) {
          tell(`${verb}: ${users.length} ${users.length === 1 ? "user" : "users"}, all done.`);
          onClose();
        }
      }}
      onClose={onClose}
    >
      <div>{children}</div>
      <Box>
        {users.length} {users.length === 1 ? "user" : "users"}: {users.slice(0, 5).map(nameOf).join(", ")}
        {users.length > 5 && " …"}
      </Box>
    </InBatches>
  );
}
