"""Makes a table of customers who left or stayed, and splits it for training and evaluation.

scikit-learn's generator stands for the customers, so that this runs without a download.
"""

import argparse
import csv
import os

from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--out", required=True, help="folder for train.csv and test.csv")
parser.add_argument("--test-share", type=float, default=0.2)
parser.add_argument("--customers", type=int, default=2000)
arguments = parser.parse_args()

features, left = make_classification(
    arguments.customers, 8, n_informative=4, weights=[0.8], flip_y=0.05, random_state=0
)
names = ["months", "calls", "data", "bill", "complaints", "age", "contracts", "discount", "left"]
rows = [[*row.round(4).tolist(), int(left[number])] for number, row in enumerate(features)]
train, test = train_test_split(rows, test_size=arguments.test_share, random_state=0, stratify=left)
for name, part in (("train.csv", train), ("test.csv", test)):
    with open(os.path.join(arguments.out, name), "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(part)
print(f"customers: {len(rows)}")
